"""What the chapters train on, made by code from a seed."""
