import { holdLeases, type LeaseHolding } from './leaseHolding';

/** A process of its own with what the argument says, as JSON. */
void holdLeases(JSON.parse(process.argv[2] ?? '{}') as LeaseHolding);
