"""The error bodies of the admin API (wix-api §3)."""

from marshmallow import fields

from widget_server.web.wire import Wire


class ApplicationError(Wire):
    """A refusal: a stable code (docs/admin-api.md lists them), a sentence, and its figures."""

    code = fields.String(required=True)
    description = fields.String(required=True)
    data = fields.Dict(keys=fields.String())


class FieldViolation(Wire):
    """An invalid field of the request; `field` is its path on the wire."""

    field = fields.String(required=True)
    description = fields.String(required=True)
    violated_rule = fields.String(required=True)
    rule_name = fields.String()


class ValidationErrorDetails(Wire):
    """All invalid fields of the request."""

    field_violations = fields.List(fields.Nested(FieldViolation), required=True)


class ErrorDetails(Wire):
    """Either an application error or a validation error."""

    application_error = fields.Nested(ApplicationError)
    validation_error = fields.Nested(ValidationErrorDetails)


class ErrorBody(Wire):
    """An error response of the admin API."""

    message = fields.String(required=True)
    details = fields.Nested(ErrorDetails, required=True)
