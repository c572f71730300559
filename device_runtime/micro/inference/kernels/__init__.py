"""The arithmetic of models, by subject; compiled on the board, to its own machine code where it has viper."""
