"""What can be asked of the product, whoever asks."""
