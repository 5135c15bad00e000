"""Request and response models. They hold still while the core moves."""
