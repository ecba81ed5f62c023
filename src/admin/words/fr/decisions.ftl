## Decisions
decisions = Decisions
