"""What this orchestrator and its clients have agreed on: messages, records, commands, codes, limits, defaults. Pure.

This room is the single source. Python takes its types from here; ``python -m tests.contract.generate`` writes from
here the TypeScript types (``js/src/sync/messages.gen.ts``), the tables of ``docs/wire.md`` and the JSON Schema
(``docs/wire.schema.json``), and a test fails while one of these differs from what this room gives.
"""
