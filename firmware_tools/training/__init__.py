"""The model lab: data sets, training, quantisation and evaluation by scenario."""
