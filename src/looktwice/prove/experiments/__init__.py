"""Experiments: each module is one check of the running application. They are found by walking this package.

An experiment module has `EXPERIMENT`, an object that follows `looktwice.prove.experiments.experiment.Experiment`.
"""
