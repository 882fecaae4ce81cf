# refused: this cluster is not to be destroyed

# A plan without it.
