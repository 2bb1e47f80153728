print("rekkas")
