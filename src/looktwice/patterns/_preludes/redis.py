from redis import Redis
