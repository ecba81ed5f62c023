## Policy
policy = Policy
