"""A loyalty program any shop can host itself. `app.create_app` connects its parts."""
