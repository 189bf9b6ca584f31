"""Pre-training of an encoder by replaced token detection."""
