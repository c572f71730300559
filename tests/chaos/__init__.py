"""A fleet whose parts are killed while devices live in bad weather: in the end everything must be as it should be."""
