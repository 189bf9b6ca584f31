"""Training of a small pipeline with the probabilities of larger ones as targets.

`distill` is the function to call. The student is a pipeline that a training config
describes. It is trained by the resumable loop of `training`, with two changes: batches
may also have raw texts (`raw_texts`, `student_training`), and `lesson` replaces what
the student's component learns from a batch. For each batch the teachers read the
student's own tokens and give targets for it (`teachers`), so nothing is stored that
grows with the texts but their distinct words. The pipeline that is saved does not know
its teachers.
"""
