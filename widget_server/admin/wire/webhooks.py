"""Receivers of events on the wire: ours beside Wix's, who registers them in a dashboard (wix-api §6)."""

from marshmallow import fields, validate

from widget_server.web.wire import Choice, Flag, OneOf, Points, Revised, Revision, Wire, WireTime, guid, text, wrapped

FORMATS = {"STANDARD": "standard", "WIX": "wix"}
STATUSES = {"ACTIVE": "active", "DISABLED": "disabled"}


class EndpointWire(Wire):
    """A receiver. `secret` is told when it is made, and when it is made anew; the WIX format has the shop's key."""

    id = guid(dump_only=True)
    url = text(1, 2000, required=True, metadata={"pattern": r"^https?://\S+$", "example": "https://shop.example/hooks"})
    format = Choice(FORMATS)
    event_types = fields.List(fields.String(), validate=validate.Length(min=1, max=100))
    description = text(0, 500)
    status = Choice(STATUSES)
    secret = fields.String(dump_only=True)
    last_status = fields.Integer(dump_only=True)
    last_answer_date, last_success_date = WireTime(dump_only=True), WireTime(dump_only=True)
    revision = Revision()
    created_date, updated_date = WireTime(dump_only=True), WireTime(dump_only=True)

    rules = (Revised(),)


class Endpoints(Wire):
    """Every receiver of the shop, oldest first."""

    endpoints = fields.List(fields.Nested(EndpointWire), required=True)


class DeadLetter(Wire):
    """A message that a receiver did not take, with its last answer."""

    id = fields.String()
    event_id = guid()
    event_type = fields.String()
    tries = fields.Integer()
    answer_status = fields.Integer()
    answer = fields.String()
    created_date, ended_date = WireTime(), WireTime()


class DeadLetters(Wire):
    """Newest first; `below` the last id is the next page."""

    dead_letters = fields.List(fields.Nested(DeadLetter), required=True)


class DeadLettersAsked(Wire):
    """Where to go on."""

    below = fields.Integer(validate=validate.Range(min=0))
    limit = fields.Integer(validate=validate.Range(min=1, max=100))


class Replay(Wire):
    """What to send again: these events, all since a time, or the dead ones; one of the three."""

    event_ids = fields.List(guid(), validate=validate.Length(min=1, max=1000))
    since = WireTime()
    dead = Flag(validate=validate.Equal(True), metadata={"enum": [True]})

    rules = (OneOf(("event_ids", "since", "dead")),)


class Replayed(Wire):
    """How many messages go out again."""

    count = Points(required=True)


class EventTypes(Wire):
    """The types that receivers of each format may want."""

    standard = fields.List(fields.String(), required=True)
    wix = fields.List(fields.String(), required=True)


class PublicKey(Wire):
    """By which receivers of the WIX format know the shop's messages: SPKI PEM, as the SDK takes it."""

    public_key = fields.String(required=True)


EndpointBody = wrapped("endpoint", EndpointWire)
EndpointChange = wrapped("endpoint", EndpointWire, partial=True)
