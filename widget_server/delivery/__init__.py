"""Sends events to receivers as webhooks, and mail to customers and members."""
