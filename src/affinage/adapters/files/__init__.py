"""What lies in the data folder beside the store: keys, certificates, the lock."""
