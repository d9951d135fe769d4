"""What a function does, as values, whatever its language: origins, control as a tree, effects, function summaries.

Every struct here is frozen and small enough to be cached by the thousand. Numbers are indexes into the tables of the
same summary: `Fact`s, `Effect`s and `CallSite`s by their position, values by their position in
`FunctionSummary.values`. A place is a path and two byte offsets; `Program.span` converts it to lines and columns.
"""
