"""Channels with one planted fault each. All of them are the template in everything else."""
