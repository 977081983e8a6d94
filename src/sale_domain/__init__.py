"""The heart of Sale: orders, money, payments as a join, and the events that tell of them; needs attrs alone."""
