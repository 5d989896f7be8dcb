"""What runs inside the sandbox. Staged there with the responding half of the checks and nothing else of the course."""
