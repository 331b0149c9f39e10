"""What a replica answers reads from: the desks' contacts, their words and their people, in a file of its own.

The file follows the logs and the transcripts. It holds nothing that they do not hold, so it can be
thrown away at any time and is built again.
"""
