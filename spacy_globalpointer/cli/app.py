global_pointer_cli = None
