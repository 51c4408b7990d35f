"""A webhook's way from request to answer, and a parked one's way back."""
