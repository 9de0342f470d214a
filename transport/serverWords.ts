/**
 * How servers say that another program has a file open: the statuses of both protocols have no word for it. Windows servers pass on what
 * the system says, IIS with a 550 as for a file that is not there.
 */
export const IN_USE_TEXT = /\b(?:in use|being used|used by another|sharing violation)\b|\bfile (?:is |was )?locked\b/iu;
