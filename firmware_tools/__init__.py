"""All that runs off the device: on the operator's or developer's computer and in the cloud."""
