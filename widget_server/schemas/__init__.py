"""The JSON shapes: marshmallow schemas, nothing else."""
