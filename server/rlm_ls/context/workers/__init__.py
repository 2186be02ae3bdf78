"""The processes that touch text: started, fed, killed when late. They know operations by name and nothing of runs."""
