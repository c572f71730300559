"""Who a device is to its fleet: claim codes, certificates, and the rights that brokers give by them."""
