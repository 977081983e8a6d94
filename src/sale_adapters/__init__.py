"""The technologies around the heart, one package each; they know the domain, never each other."""
