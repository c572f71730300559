"""What the fleet knows of people's decisions about data, for how long it keeps what programs send, and how it goes."""
