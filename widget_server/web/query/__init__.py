"""Wix's query language (wix-api §4): filter, sort, cursors, free text and aggregations over the fields of an entity."""

from widget_server.errors import QueryTooSlow
from widget_server.web.query.aggregations import Summary, aggregate, summary, time_zone
from widget_server.web.query.fields import Entity, Field, word_of
from widget_server.web.query.json_schema import (
    CountBody,
    QueryBody,
    SearchBody,
    counted,
    query_body,
    searched,
    selected,
)
from widget_server.web.query.pages import Page, count, metadata, metadata_v2, page, selection

__all__ = [
    "CountBody",
    "Entity",
    "Field",
    "Page",
    "QueryBody",
    "QueryTooSlow",
    "SearchBody",
    "Summary",
    "aggregate",
    "count",
    "counted",
    "metadata",
    "metadata_v2",
    "page",
    "query_body",
    "searched",
    "selected",
    "selection",
    "summary",
    "time_zone",
    "word_of",
]
