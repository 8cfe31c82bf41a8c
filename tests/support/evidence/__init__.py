"""Evidence for a stranger: known answers, the attacks, the guards, three releases to recount, the benchmarks."""
