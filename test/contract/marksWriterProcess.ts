import { writeMarks, type MarksWriting } from './marksWriting';

/** A process of its own with what the argument says, as JSON. */
void writeMarks(JSON.parse(process.argv[2] ?? '{}') as MarksWriting);
