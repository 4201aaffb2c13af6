"""What is said: messages, streams, order states, errors, limits and configuration."""
