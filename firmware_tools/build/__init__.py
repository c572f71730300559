"""Source folder -> package: dialects, template compiler, style compiler."""
