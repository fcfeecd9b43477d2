"""A loyalty program any shop can host itself. `app.create_app` is where the pieces are wired together."""
