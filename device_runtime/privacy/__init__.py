"""What leaves a program, held against the data plan of its manifest and what people agreed to."""
