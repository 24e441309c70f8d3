from wanfailover.cli import main

main()
