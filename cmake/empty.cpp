// An archive needs one source of its own before the objects of its parts.
