"""Training of generators of counterfactual films and of the autoencoder for latent shifts, one configuration file each."""
