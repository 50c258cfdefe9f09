"""What every service stands on: settings, lifespan, health, auth, problem details, graceful stop."""
