"""What the product has to stand: it is started in a process and a folder of its own, ill-treated, and counted after."""
