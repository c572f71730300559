"""Archives that are hostile until every byte is accounted for: their form, their seal, and writing them down."""
