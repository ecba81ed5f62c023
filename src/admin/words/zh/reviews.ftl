## Reviews
reviews = Reviews and incidents
