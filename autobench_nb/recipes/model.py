"""The recipe's model: one for YAML and for Python. Field names are camelCase in YAML and snake_case in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal, TypeAlias

from msgspec import Meta, Struct, field

if TYPE_CHECKING:
    from collections.abc import Callable

API_VERSION: Final = "autobench/v1"
Scalar: TypeAlias = bool | int | float | str
Identifier: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$",
        max_length=64,
        description="a letter or _, then letters, digits, _ or -",
    ),
]
Duration: TypeAlias = Annotated[
    float | str,
    Meta(description="seconds, or a number with us, ms, s, min, h or d: 90s, 1.5min, 1h30min"),
]
CommandLine: TypeAlias = Annotated[
    str | list[str], Meta(description="a line for the shell, or a program with its arguments")
]
if TYPE_CHECKING:
    Callee: TypeAlias = str | Callable[..., Any]
else:
    # In YAML it is a text alone; a recipe that is made in Python may hold the function itself.
    Callee = Annotated[str, Meta(pattern=r"^[\w.]+:[\w.]+$", description="module:function")]
Outcome: TypeAlias = Literal["ok", "timeout", "failure"]
Order: TypeAlias = Literal["blocks", "interleaved", "random"]
STOP: Final = "stop"
CONTINUE: Final = "continue"


class RecipePart(
    Struct, forbid_unknown_fields=True, rename="camel", omit_defaults=True, kw_only=True
):
    """What all parts of a recipe share: a field that is not known is an error."""


class Parameter(RecipePart):
    """A value that a run may be given. Without a default it must be given."""

    type: Literal["integer", "number", "string", "boolean"]
    default: Scalar | None = None
    unit: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    choices: list[Scalar] | None = None
    description: str | None = None


class DeviceAction(RecipePart):
    """An action of a device, such as switching a relay."""

    id: str
    action: str
    arguments: dict[str, Any] = {}


class Recording(RecipePart):
    """A stream that is recorded while other steps run."""

    stream: str
    during: list[str] = []
    file: str | None = None


class Question(RecipePart):
    """What a person is asked, in the dashboard or the terminal."""

    ask: str
    answers: Annotated[list[str], Meta(min_length=1)] = field(default_factory=lambda: ["done"])
    fails: list[str] = []


class Precision(RecipePart):
    """Repeat until the mean is known so well.

    Attributes:
        relative: Half the width of the confidence interval of the mean, as a share of the mean.
        confidence: Of that interval.
        metric: Whose mean; ``wall`` is the wall time.
    """

    relative: Annotated[float, Meta(gt=0, lt=1)] = 0.02
    confidence: Annotated[float, Meta(gt=0, lt=1)] = 0.95
    metric: str = "wall"


class Repetitions(RecipePart):
    """How often: at least ``min``, at most ``max``, and less where it is precise enough or the budget is used."""

    min: Annotated[int, Meta(ge=1)] = 3
    max: Annotated[int, Meta(ge=1, le=1_000_000)] = 100
    until: Precision | None = None
    budget: Duration | None = None


class Retries(RecipePart):
    """What a try that failed is followed by: ``max`` more, each after a wait that grows by ``factor``."""

    max: Annotated[int, Meta(ge=0, le=1_000)]
    backoff: Duration = 1.0
    factor: Annotated[float, Meta(ge=1)] = 2.0


class Extraction(RecipePart):
    """A metric of a repetition. Exactly one of ``regex``, ``pointer`` and ``call`` finds it.

    Attributes:
        regex: Looked for in what the step prints; its first group, where it matches last.
        pointer: Into the JSON that the step prints (RFC 6901).
        call: ``module:function``, which is given the output's text.
        unit: Of the value.
        better: Which direction is an improvement.
    """

    regex: str | None = None
    pointer: str | None = None
    call: str | None = None
    unit: str | None = None
    better: Literal["higher", "lower"] | None = None


class Limits(RecipePart):
    """What a metric must keep to, or its step fails."""

    min: float | None = None
    max: float | None = None
    equals: Scalar | None = None


class Step(RecipePart):
    """One node of the recipe. Exactly one of :data:`ACTIONS` says what it does."""

    ACTIONS: ClassVar = ("run", "call", "device", "record", "wait", "operator")

    id: Identifier
    run: CommandLine | None = None
    call: Callee | None = None
    device: DeviceAction | None = None
    record: Recording | None = None
    wait: Duration | None = None
    operator: Question | None = None

    description: str | None = None
    needs: list[str] = []
    matrix: dict[str, list[Scalar]] = {}
    repeat: Annotated[int, Meta(ge=1, le=1_000_000)] | Repetitions = 1
    warmup: Annotated[int, Meta(ge=0, le=1_000)] = 0
    prepare: CommandLine | None = None
    cleanup: CommandLine | None = None
    order: Order | None = None
    timeout: Duration | None = None
    retries: Annotated[int, Meta(ge=0, le=1_000)] | Retries = 0
    edges: dict[Outcome, str] = {}
    extract: dict[Identifier, Extraction] = {}
    expect: dict[str, Limits] = {}
    artifacts: list[str] = []
    executor: str | None = None
    resources: dict[str, float] = {}
    folder: str | None = None
    env: dict[str, str] = {}
    cpus: list[Annotated[int, Meta(ge=0)]] | None = None
    nice: Annotated[int, Meta(ge=-20, le=19)] | None = None

    @property
    def actions(self) -> tuple[str, ...]:
        """The names of what it is told to do: in a sound recipe just one."""
        return tuple(name for name in self.ACTIONS if getattr(self, name) is not None)


class Metadata(RecipePart):
    """What the recipe is called."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    description: str | None = None
    labels: dict[str, str] = {}


class Spec(RecipePart):
    """Parameters and steps."""

    steps: Annotated[list[Step], Meta(min_length=1, max_length=10_000)]
    parameters: dict[Identifier, Parameter] = {}
    order: Order = "blocks"


class Recipe(RecipePart):
    """A benchmark: what to run, in which order, what to read out of it, and what must hold."""

    metadata: Metadata
    spec: Spec
    api_version: Literal["autobench/v1"] = API_VERSION
    kind: Literal["Benchmark"] = field(default="Benchmark")
