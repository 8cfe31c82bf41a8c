"""The production shape: what each container of docker-compose.yml runs, waits for and is asked about its health."""
