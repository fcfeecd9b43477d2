"""HTTP tools that the audiences share: authentication, error bodies, limits, API documents."""
