"""HTTP tools that the audiences share: who is asking, how a refusal reads, limits, documents."""
