"""A recipe's run as tables: planned steps side by side, and their repetitions; metrics carry their units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from autobench_nb import tables
from autobench_nb.machine.noise import Noise
from autobench_nb.recipe_runs.reading import measured_by_itself
from autobench_nb.tables.schema import RESULTS, Column, ColumnKind

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from autobench_nb.recipe_runs.actor import RecipeActor

_MACHINE: Final = ("machine", *Noise._fields)
"""On which machine a repetition ran, and how noisy it was."""
OWN_UNITS: Final = {"wall": "s", "cpu": "s", "memory": "B"}
"""Units of the metrics that every command has."""


class UnitTable:
    """Rows with columns some of which have units.

    Args:
        rows: By the columns' names.
        columns: In their order.
        units: By the columns' names.
    """

    def __init__(
        self, rows: list[dict[str, Any]], columns: tuple[Column, ...], units: dict[str, str]
    ) -> None:
        self.rows = rows
        self.units = units
        self._columns = columns

    def to_arrow(self) -> pa.Table:
        """An Arrow table; a unit stands in its field's metadata, as ``unit``."""
        table = tables.records_to_arrow(self.rows, self._columns)
        fields = [
            field.with_metadata({"unit": self.units[field.name]})
            if field.name in self.units
            else field
            for field in table.schema
        ]
        return _with_fields(table, fields)

    def to_pandas(self) -> pd.DataFrame:
        """A DataFrame; ``frame.attrs["units"]`` has the units by column."""
        frame = tables.records_to_pandas(self.rows, self._columns)
        frame.attrs["units"] = dict(self.units)
        return frame


def _with_fields(table: pa.Table, fields: list[Any]) -> pa.Table:
    import pyarrow

    return table.cast(pyarrow.schema(fields, metadata=table.schema.metadata))


def units_of(actor: RecipeActor) -> dict[str, str]:
    """The unit of each metric that has one."""
    units = dict(OWN_UNITS)
    for gauge in actor.around.gauges:
        units |= gauge.units
    for step in actor.recipe.spec.steps:
        units |= {name: one.unit for name, one in step.extract.items() if one.unit}
    return units


def axes_of(actor: RecipeActor) -> list[str]:
    """The names of all axes, each once, in the recipe's order."""
    return list(dict.fromkeys(axis for step in actor.recipe.spec.steps for axis in step.matrix))


def _kind(values: list[Any]) -> ColumnKind:
    known = [value for value in values if value is not None]
    if known and all(type(value) is int for value in known):
        return ColumnKind.WHOLE
    if known and all(type(value) in (int, float) for value in known):
        return ColumnKind.REAL
    return ColumnKind.TEXT


def _columns(rows: list[dict[str, Any]], names: list[str]) -> tuple[Column, ...]:
    return tuple(Column(name, name, _kind([row.get(name) for row in rows])) for name in names)


def cells_side_by_side(actor: RecipeActor) -> UnitTable:
    """One row for each planned step."""
    units = units_of(actor)
    axes = axes_of(actor)
    rows: list[dict[str, Any]] = []
    metrics: dict[str, None] = {}
    for row in actor.board.rows.values():
        fields = row.fields
        record = {
            "step_id": row.plan.id,
            "step": row.plan.step.id,
            **row.plan.cell,
            "status": str(fields["status"]),
            "reason": fields.get("reason"),
            "tries": fields.get("tries", 0),
            "repetitions": fields.get("done", 0),
        }
        for name, found in (fields.get("metrics") or {}).items():
            metrics[name] = None
            record |= {
                name: found["mean"],
                f"{name}_sd": found.get("sd"),
                f"{name}_half_width": found.get("halfWidth"),
            }
        rows.append(record)
    wide = [f"{name}{end}" for name in metrics for end in ("", "_sd", "_half_width")]
    names = ["step_id", "step", *axes, "status", "reason", "tries", "repetitions", *wide]
    with_units = {
        f"{name}{end}": units[name]
        for name in metrics
        if name in units
        for end in ("", "_sd", "_half_width")
    }
    return UnitTable(rows, _columns(rows, names), with_units)


def repetitions_of(actor: RecipeActor) -> UnitTable:
    """One row for each measured repetition that has ended."""
    units = units_of(actor)
    rows: list[dict[str, Any]] = []
    metrics: dict[str, None] = {}
    for result in actor.step_run.results:
        plan = actor.board.rows[str(result.step_id)].plan
        found = {**measured_by_itself(result), **(result.metrics or {})}
        metrics |= dict.fromkeys(found)
        rows.append(
            {
                "step_id": plan.id,
                "step": plan.step.id,
                **plan.cell,
                "job_id": result.job_id,
                "repetition": result.repetition,
                "status": result.status,
                "reason": result.reason,
                "started_at": result.started_at,
                **{name: getattr(result, name) for name in _MACHINE},
                **found,
            }
        )
    names = ["step_id", "step", *axes_of(actor), "job_id", "repetition", "status", "reason"]
    # A metric of that name goes before.
    beside = tuple(
        column for column in RESULTS if column.name in _MACHINE and column.name not in metrics
    )
    columns = (
        *_columns(rows, names),
        Column("started_at", "started_at", ColumnKind.TIME),
        *_columns(rows, list(metrics)),
        *(column._replace(key=column.name) for column in beside),
    )
    return UnitTable(rows, columns, {name: units[name] for name in metrics if name in units})
