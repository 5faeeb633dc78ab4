// TPModels: an architecture as data, and the forward pass.
