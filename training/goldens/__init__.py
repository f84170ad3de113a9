"""Golden files of the browser's tests: what Python says, for TypeScript to equal."""
