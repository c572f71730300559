"""The page of a program on a small screen: layout, drawing in bands, focus by buttons."""
